// The words of the app that the walk at the desk looks for, and what its people say.
const en = {
  yourState: 'Your state', available: 'Available', omid: 'Omid Karimi', leila: 'Leila Ahmadi', sara: 'Sara Novak', hannah: 'Hannah Schmidt', texts: 'Texts',
  question: 'Do you still have the walnut desk?', waited: 'waited', onlyOne: 'The only one who could take it', about: 'You know the old models', ask: 'Ask', askedOfYou: 'Asked of you',
  join: 'Join', here: 'is here and helps you', draftTab: 'Draft', draft: 'Yes, it is in stock: two of them.', propose: 'Propose', use: 'Use this', askToLook: 'Ask somebody to look',
  anySupervisor: 'Any supervisor', seen: /seen/, approve: 'Send it', says: 'says: send it', sendNow: 'Send it now', whisperTab: 'Whisper', whisper: 'Offer her free delivery.', whisperDo: 'Whisper',
  more: 'More actions', barge: 'Take part', reply: 'Reply', bargeReply: 'And delivery is free today.', you: 'You', flag: 'She was charged twice last month.', answer: 'Answer', flagAnswer: 'Refunded this morning.',
  needs: 'Skills and tier', skill: 'furniture', save: 'Save', end: 'End', oneMore: '+1 min', done: 'Done', sms: 'When does my parcel come?', pull: /To take/, missed: 'You missed an offer', back: 'I’m back',
  setBy: /set you to/, whyWaiting: 'Why it is still waiting', onBreak: 'Omid Karimi is on a break',
}
const fa = {
  yourState: 'وضعیت شما', available: 'آماده', omid: 'امید کریمی', leila: 'لیلا احمدی', sara: 'سارا نواک', hannah: 'نگار حسینی', texts: 'پیامک‌ها',
  question: 'میز گردو هنوز موجود است؟', waited: 'در انتظار', onlyOne: 'تنها کسی که می‌توانست', about: 'شما مدل‌های قدیمی را می‌شناسید', ask: 'بپرس', askedOfYou: 'از شما خواسته‌اند',
  join: 'می‌پیوندم', here: 'اینجاست و کمکتان می‌کند', draftTab: 'پیش‌نویس', draft: 'بله، دو عدد موجود است.', propose: 'پیشنهاد', use: 'استفاده از این', askToLook: 'خواستن نظر دوم',
  anySupervisor: 'هر سرپرستی', seen: /دیده شد/, approve: 'بفرست', says: 'می‌گوید: بفرست', sendNow: 'اکنون بفرست', whisperTab: 'زمزمه', whisper: 'ارسال رایگان پیشنهاد کنید.', whisperDo: 'زمزمه کن',
  more: 'کارهای دیگر', barge: 'وارد شدن', reply: 'پاسخ', bargeReply: 'امروز ارسال هم رایگان است.', you: 'شما', flag: 'ماه پیش دو بار از او پول گرفته شد.', answer: 'پاسخ', flagAnswer: 'امروز صبح برگشت داده شد.',
  needs: 'مهارت‌ها و سطح', skill: 'مبلمان', save: 'ذخیره', end: 'پایان', oneMore: '+۱ دقیقه', done: 'تمام شد', sms: 'بستهٔ من کی می‌رسد؟', pull: /برداشتنی/, missed: 'پیشنهادی را از دست دادید', back: 'برگشتم',
  setBy: /وضعیت شما را/, whyWaiting: 'چرا هنوز منتظر است', onBreak: 'امید کریمی در استراحت است',
}
export const words = (locale) => (locale === 'fa' ? fa : en)
