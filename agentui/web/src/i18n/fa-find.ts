import type { find as en } from './en-find'

/** جمله‌های یک نفر بودن، جست‌وجو، و پرونده‌هایی که می‌آیند و می‌روند. */
export const find: Record<keyof typeof en, string> = {
  'tabs.twins': 'یک نفرند؟',

  'twins.lead': 'مشتری‌هایی که شاید یک نفر باشند. هر که ثابت کرده باشد خود یکی شده است؛ این‌ها را شما بگویید.',
  'twins.state.open': 'در انتظار نظر',
  'twins.state.merged': 'یکی‌شده',
  'twins.state.dismissed': 'جدا دانسته',
  'twins.none.open': 'چیزی در انتظار نظر نیست',
  'twins.none.open.text': 'هر گاه دو مشتری شماره، نشانی، نام یا مرورگرشان یکی باشد، اینجا می‌آیند.',
  'twins.none.merged': 'هنوز کسی یکی نشده است',
  'twins.none.dismissed': 'هنوز کسی جدا دانسته نشده است',
  'twins.of': '{n} از {all}',
  'twins.score': 'احتمال {n}٪',
  'twins.both': '{a} و {b}',
  'twins.merge': 'نگاه و یکی کردن',
  'twins.dismiss': 'یکی نیستند',
  'twins.dismissed': 'از این پس جدا دانسته می‌شوند',
  'twins.addresses': 'و {n} نشانی دیگر',
  'twins.noaddress': 'بی‌نشانی',
  'twins.merged.by': 'یکی‌شده به دست {name}، {at}',
  'twins.dismissed.by': 'جدا دانسته به دست {name}، {at}',
  'twins.hub': 'سامانه',
  'twins.parted': 'یکی شدن این دو برگردانده شده، یا کسی آن‌ها را جدا دانسته است',
  'twins.more': 'بیشتر',
  'twins.keys.walk': 'رفت‌وآمد',
  'twins.keys.look': 'نگاه و یکی کردن',
  'twins.keys.not': 'یکی نیستند',
}
