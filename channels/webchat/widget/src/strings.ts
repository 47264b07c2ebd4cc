// What the widget says, in both languages. {0} stands for a name or a number.
const en = {
  title: 'Chat with us',
  welcome: 'Hello! How can we help you?',
  open: 'Open chat',
  openUnread: 'Open chat, {0} unread',
  close: 'Close chat',
  write: 'Write a message…',
  send: 'Send',
  live: 'Connected',
  connecting: 'Connecting…',
  offline: 'No connection. What you write is kept and sent later.',
  sending: 'Sending…',
  sent: 'Sent',
  failed: 'Not sent yet',
  too_long: 'Too long to send',
  invalid: 'Could not be sent',
  retry: 'Try again',
  remove: 'Remove',
  typing: '{0} is typing',
  agent: 'Agent',
  you: 'You',
  newer: 'New messages',
  who: 'What may we call you?',
  whoHelp: 'So that we can reach you if you leave. Both may stay empty.',
  name: 'Name',
  email: 'Email',
  save: 'Save',
  skip: 'Not now',
  messages: 'Messages',
}

const fa: typeof en = {
  title: 'گفتگو با ما',
  welcome: 'سلام! چطور می‌توانیم کمکتان کنیم؟',
  open: 'باز کردن گفتگو',
  openUnread: 'باز کردن گفتگو، {0} پیام نخوانده',
  close: 'بستن گفتگو',
  write: 'پیام خود را بنویسید…',
  send: 'فرستادن',
  live: 'وصل است',
  connecting: 'در حال اتصال…',
  offline: 'اتصال برقرار نیست. نوشته‌ی شما می‌ماند و بعداً فرستاده می‌شود.',
  sending: 'در حال فرستادن…',
  sent: 'فرستاده شد',
  failed: 'هنوز فرستاده نشده',
  too_long: 'برای فرستادن بلند است',
  invalid: 'فرستاده نشد',
  retry: 'تلاش دوباره',
  remove: 'برداشتن',
  typing: '{0} می‌نویسد',
  agent: 'پشتیبان',
  you: 'شما',
  newer: 'پیام‌های تازه',
  who: 'شما را چه صدا کنیم؟',
  whoHelp: 'تا اگر رفتید پیدایتان کنیم. هر دو می‌تواند خالی بماند.',
  name: 'نام',
  email: 'ایمیل',
  save: 'ثبت',
  skip: 'حالا نه',
  messages: 'پیام‌ها',
}

export type Strings = typeof en
export type Language = 'en' | 'fa'

export const strings = (l: Language): Strings => (l === 'fa' ? fa : en)
export const fill = (s: string, v: string): string => s.replace('{0}', v)

/** The first wish that is more than "auto" decides; whatever is not Persian is answered in English. */
export function choose(...wishes: (string | null | undefined)[]): Language {
  for (const w of wishes) {
    if (w && w !== 'auto') return /^fa\b/i.test(w) ? 'fa' : 'en'
  }
  return 'en'
}
