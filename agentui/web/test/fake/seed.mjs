// What the stand-in hub begins with: a firm with customers who write in both languages.

export const kinds = [
  { name: 'webchat', label: { en: 'Web chat', fa: 'گفت‌وگوی وب' }, weight: 1, limits: { text_length: 4000, live: true, no_reply_to: true, quotes: true, delivered: true, read: true, files: { max_size: 10e6, most: 0 } }, fields: [
    { key: 'origins', type: 'list', required: true, label: { en: 'Allowed sites', fa: 'سایت‌های مجاز' }, help: { en: 'One origin a line, such as https://shop.example', fa: 'هر خط یک نشانی، مانند https://shop.example' } },
    { key: 'color', type: 'text', default: '#11757c', label: { en: 'Colour', fa: 'رنگ' } },
    { key: 'greeting', type: 'text', label: { en: 'Greeting', fa: 'خوشامد' } } ] },
  { name: 'telegram', import: false, label: { en: 'Telegram', fa: 'تلگرام' }, weight: 1, limits: { text_length: 4096, no_reply_to: true, quotes: true, edits: true, files: { max_size: 50e6, most: 10, caption: 1024 } }, fields: [
    { key: 'token', type: 'secret', required: true, label: { en: 'Bot token', fa: 'توکن ربات' }, help: { en: 'From @BotFather.', fa: 'از @BotFather.' } },
    { key: 'mode', type: 'choice', choices: ['polling', 'webhook'], default: 'polling', label: { en: 'Mode', fa: 'شیوه' } },
    { key: 'api_url', type: 'text', label: { en: 'API address', fa: 'نشانی API' }, help: { en: 'Only for a local Bot API server.', fa: 'تنها برای سرور محلی.' } } ] },
  { name: 'email', label: { en: 'Email', fa: 'ایمیل' }, weight: 2, limits: { text_length: 0, html: true, subject: true, recipients: true, quotes: true, files: { max_size: 20e6, most: 0 } }, import: true, fields: [
    { key: 'address', type: 'text', required: true, label: { en: 'Address', fa: 'نشانی' } },
    { key: 'imap_host', type: 'text', required: true, label: { en: 'IMAP server', fa: 'سرور IMAP' } },
    { key: 'imap_port', type: 'number', default: 993, label: { en: 'IMAP port', fa: 'درگاه IMAP' } },
    { key: 'password', type: 'secret', required: true, label: { en: 'Password', fa: 'گذرواژه' } },
    { key: 'auth', type: 'choice', choices: ['password', 'oauth'], default: 'password', label: { en: 'Signs in with', fa: 'ورود با' } }, { key: 'client_id', type: 'text', when: 'auth=oauth', label: { en: 'Client ID', fa: 'شناسهٔ برنامه' } }, { key: 'folders', type: 'list', group: 'more', label: { en: 'Folders', fa: 'پوشه‌ها' } }, { key: 'tls', type: 'bool', default: true, group: 'more', label: { en: 'TLS from the start', fa: 'TLS از آغاز' } } ] },
  { name: 'sms', label: { en: 'SMS', fa: 'پیامک' }, weight: 1, limits: { text_length: 1000, segments: true }, fields: [
    { key: 'provider', type: 'choice', choices: ['twilio', 'kavenegar', 'generic'], default: 'generic', required: true, label: { en: 'Provider', fa: 'سرویس‌دهنده' } },
    { key: 'number', type: 'text', required: true, label: { en: 'Number', fa: 'شماره' } },
    { key: 'sid', type: 'text', when: 'provider=twilio', required: true, label: { en: 'Account SID', fa: 'شناسهٔ حساب' } }, { key: 'key', type: 'secret', when: 'provider=kavenegar', label: { en: 'API key', fa: 'کلید API' } }, { key: 'secret', type: 'secret', when: 'provider=twilio,generic', required: true, label: { en: 'Secret', fa: 'کلید' } } ] },
]

export const users = [
  ['u1', 'Sara Ahmadi', 'admin'], ['u2', 'Omid Karimi', 'agent'], ['u3', 'Leila Hosseini', 'agent'],
  ['u4', 'Daniel Weber', 'supervisor'], ['u5', 'Niloufar Rezaei', 'agent'], ['u6', 'Tom Becker', 'agent'],
]

export const people = [
  ['نگار موسوی', 'webchat', 'v_7f2a9c'], ['Thomas Müller', 'email', 'thomas.mueller@example.com'], ['رضا شریفی', 'telegram', '184467440'],
  ['Emily Carter', 'webchat', 'v_b81c02'], ['', 'sms', '+989121234567'], ['Priya Natarajan', 'email', 'priya.n@example.org'],
  ['مریم اکبری', 'sms', '+989351112233'], ['Jonas Lindqvist', 'telegram', '552211887'], ['امیرحسین فرهادی', 'telegram', '99120034'],
  ['Grace O’Neill', 'webchat', 'v_19de77'], ['شیرین قاسمی', 'email', 'shirin.ghasemi@example.ir'], ['Mateo Fernández', 'sms', '+34600112233'],
]

export const lines = [
  'سلام، سفارش ۱۲۴۵۸ هنوز به دستم نرسیده. کد رهگیری هم در سایت پست چیزی نشان نمی‌دهد.',
  'Hello, I was charged twice for order #88213 this morning. Could you have a look please?',
  'ممنون از پیگیری‌تان 🙏',
  'Is the walnut desk available in 140 × 70? The page only shows 160.',
  'لطفاً فاکتور رسمی به نام شرکت «آوین تجارت» صادر کنید. کد اقتصادی: 411112233445',
  'The app shows error E-204 after the last update. I have already reinstalled it twice, on a Pixel 8 and on my old tablet.',
  'برای مرجوع کردن کالا باید چه کار کنم؟ بسته‌بندی را باز کرده‌ام.',
  'Thanks, that worked!',
  'آیا ارسال به کیش هم دارید؟ Shipping to Kish island?',
  'My parcel was left at the wrong door and the neighbour is away until Monday.',
  'سلام وقت بخیر. رمز عبورم را فراموش کرده‌ام و پیامک بازیابی نمی‌آید.',
  'Can I change the delivery address before it ships? Order 90121, new address: Hauptstraße 12, 10827 Berlin.',
]

export const answers = [
  'سلام، وقت بخیر. همین حالا بررسی می‌کنم.', 'Good morning! Let me check that for you.',
  'بسته فردا تحویل می‌شود؛ کد رهگیری تازه را برایتان فرستادم: https://track.example.com/IR-99120',
  'I refunded the second charge; it will be on your statement in 2–3 days.', 'کار دیگری هست که بتوانم انجام دهم؟',
]

export const mail = `Hello,

the invoice for March has the wrong VAT number on it. Ours is DE 811 128 135. Could you send a corrected one by Friday? Our accountant closes the quarter then.

Best regards
Thomas Müller

On Mon, 16 Nov 2026 at 10:12, Support <support@example.com> wrote:
> Dear Mr Müller,
>
> please find attached the invoice for March. It is due within 14 days.
>
> Kind regards
> Sara, Support`

/** A conversation that has one of everything: files, quotations, changes, states. In the app's order. */
export const everything = [
  { inbound: true, text: 'سلام، عکس‌های بستهٔ آسیب‌دیده را می‌فرستم.', files: [[1200, 800], [800, 1200], [1000, 1000]] },
  { inbound: true, text: '', files: [[1280, 720]], as: 'photo' },
  { inbound: true, text: '', files: ['voice'] },
  { inbound: false, text: 'متشکرم. فاکتور را پیوست کردم؛ لطفاً بررسی کنید.', files: ['pdf', 'sheet'], state: 'read', as: 'invoice' },
  { inbound: true, text: 'همین است، ممنون!', quotes: 'invoice', as: 'thanks' },
  { inbound: true, text: 'My order number is 12458, sorry, 12459.', edits: ['My order number is 12457.'] },
  { inbound: true, text: 'The card number is 6037 …', gone: true },
  { inbound: false, text: 'That picture shows the label clearly. We send a new one today.', quotes: 'photo', state: 'delivered' },
  { inbound: true, text: '', files: ['missing', 'zip'] },
  { inbound: false, text: 'The new parcel leaves at four.', state: 'sent' },
  { inbound: false, text: 'And here is the label.', state: 'queued', retry: true },
  { inbound: false, text: 'یک لحظه لطفاً، دارم بررسی می‌کنم.', state: 'uncertain' },
  { inbound: true, text: 'Out of office until Monday.', auto: true },
  { inbound: true, text: 'CHEAP WATCHES', spam: 'SpamAssassin: 11.2' },
  { inbound: true, unreadable: 'MIME: no boundary in multipart', text: '' },
  { kind: 'rating', inbound: true, score: 4, text: 'Quick and kind. سریع بود.' },
]

export const canned = [
  ['greet', 'Greeting', 'Hello, thank you for writing. How can I help?'], ['refund', 'Refund takes 2–3 days', 'I have refunded the amount; it will be on your statement in 2–3 working days.'],
  ['salam', 'سلام و خوشامد', 'سلام، وقت بخیر. چطور می‌توانم کمکتان کنم؟'], ['peygiri', 'پیگیری سفارش', 'سفارش شما را پیگیری می‌کنم و تا پایان امروز خبر می‌دهم.'],
]
