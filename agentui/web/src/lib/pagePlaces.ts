import type { Role } from '@/api'
import { folds } from './fold'

/** A page of the app, as search finds it: by its title and what else it is called, in either language. */
export interface PagePlace {
  name: string
  icon: string
  role: Role
  en: string
  fa: string
  also: string
}

export const pagePlaces: PagePlace[] = [
  { name: 'inbox', icon: 'i-lucide-inbox', role: 'agent', en: 'Inbox', fa: 'صندوق', also: 'conversations messages گفت‌وگوها پیام‌ها' },
  { name: 'search', icon: 'i-lucide-search', role: 'agent', en: 'Search', fa: 'جست‌وجو', also: 'find یافتن' },
  { name: 'supervisor', icon: 'i-lucide-gauge', role: 'supervisor', en: 'Supervisor', fa: 'سرپرستی', also: 'live queues agents زنده صف‌ها کارشناسان' },
  { name: 'health', icon: 'i-lucide-activity', role: 'supervisor', en: 'Channels’ health', fa: 'سلامت کانال‌ها', also: 'connection refused اتصال خطا' },
  { name: 'reports', icon: 'i-lucide-chart-column', role: 'supervisor', en: 'Reports', fa: 'گزارش‌ها', also: 'figures statistics service level csat آمار نمودار سطح خدمت' },
  { name: 'plan', icon: 'i-lucide-calculator', role: 'supervisor', en: 'Plan', fa: 'برنامه‌ریزی', also: 'staffing erlang simulation نیروی کار شبیه‌سازی' },
  { name: 'suggestions', icon: 'i-lucide-users-round', role: 'supervisor', en: 'Same person?', fa: 'یک نفرند؟', also: 'duplicates merge suggestions تکراری یکی کردن پیشنهاد' },
  { name: 'audit', icon: 'i-lucide-history', role: 'supervisor', en: 'Audit', fa: 'رد تغییرات', also: 'log changes who پیشینه چه کسی' },
  { name: 'wallboard', icon: 'i-lucide-tv', role: 'supervisor', en: 'Wallboard', fa: 'تابلوی دیواری', also: 'tv screen تلویزیون دیوار' },
  { name: 'profile', icon: 'i-lucide-user-round', role: 'agent', en: 'Profile', fa: 'نمایه', also: 'language theme password sound signature زبان پوسته گذرواژه صدا امضا' },
  { name: 'settings-accounts', icon: 'i-lucide-plug', role: 'admin', en: 'Channels', fa: 'کانال‌ها', also: 'telegram email sms web chat bot تلگرام ایمیل پیامک گفت‌وگوی وب' },
  { name: 'settings-users', icon: 'i-lucide-contact-round', role: 'admin', en: 'Agents', fa: 'کارشناسان', also: 'users roles colleagues کاربران نقش همکاران' },
  { name: 'settings-queues', icon: 'i-lucide-users-round', role: 'supervisor', en: 'Queues', fa: 'صف‌ها', also: 'members overflow wrap-up اعضا سرریز جمع‌بندی' },
  { name: 'settings-skills', icon: 'i-lucide-graduation-cap', role: 'supervisor', en: 'Skills', fa: 'مهارت‌ها', also: 'levels سطح' },
  { name: 'settings-calendars', icon: 'i-lucide-calendar-days', role: 'supervisor', en: 'Calendars', fa: 'تقویم‌ها', also: 'working hours holidays closed ساعت کار تعطیلات' },
  { name: 'settings-sla', icon: 'i-lucide-timer', role: 'supervisor', en: 'Promises', fa: 'قول‌ها', also: 'sla response time تعهد زمان پاسخ' },
  { name: 'settings-alerts', icon: 'i-lucide-siren', role: 'supervisor', en: 'Alerts', fa: 'هشدارها', also: 'notify webhook خبر' },
  { name: 'settings-routing', icon: 'i-lucide-route', role: 'supervisor', en: 'Routing in general', fa: 'مسیریابی', also: 'breaks reasons tiers outcomes اولویت سطح دلیل' },
  { name: 'settings-canned', icon: 'i-lucide-message-square-quote', role: 'supervisor', en: 'Canned answers', fa: 'پاسخ‌های آماده', also: 'templates shortcuts قالب میان‌بر' },
  { name: 'settings-attributes', icon: 'i-lucide-list-plus', role: 'supervisor', en: 'Attributes', fa: 'ویژگی‌ها', also: 'custom fields profile فیلد نمایهٔ مشتری' },
  { name: 'settings-kinds', icon: 'i-lucide-shapes', role: 'supervisor', en: 'Kinds of touches', fa: 'گونه‌های تماس', also: 'events own kind رویداد نوع' },
  { name: 'settings-record', icon: 'i-lucide-notebook-tabs', role: 'supervisor', en: 'Customer record', fa: 'پروندهٔ مشتری', also: 'stages purposes consent relations stale required مرحله هدف رضایت رابطه کهنه لازم' },
  { name: 'imports', icon: 'i-lucide-file-up', role: 'supervisor', en: 'Import and export', fa: 'ورود و خروج داده', also: 'csv jsonl excel file upload download پرونده اکسل بارگذاری' },
  { name: 'settings-privacy', icon: 'i-lucide-shield', role: 'supervisor', en: 'Privacy', fa: 'حریم خصوصی', also: 'retention erasure redaction legal hold gdpr نگهداری پاک کردن' },
  { name: 'settings-firm', icon: 'i-lucide-store', role: 'admin', en: 'Firm', fa: 'شرکت', also: 'name time zone colour نام منطقهٔ زمانی رنگ' },
  { name: 'settings-tokens', icon: 'i-lucide-key-round', role: 'admin', en: 'API tokens', fa: 'توکن‌های API', also: 'programs access برنامه دسترسی' },
]

/** The pages that an asker may open and that are called so. */
export const placesLike = (asked: string, may: (role: Role) => boolean, exists: (name: string) => boolean): PagePlace[] =>
  pagePlaces.filter((p) => may(p.role) && exists(p.name) && folds(`${p.en} ${p.fa}`, asked, p.also))
