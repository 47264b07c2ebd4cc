// Before the first paint: language, direction and theme as last chosen, so that nothing flashes.
(function () {
  var root = document.documentElement
  try {
    var locale = localStorage.getItem('tamas.locale') || (/^fa\b/.test(navigator.language) ? 'fa' : 'en')
    root.lang = locale
    root.dir = locale === 'fa' ? 'rtl' : 'ltr'
    var theme = localStorage.getItem('tamas.theme') || 'system'
    var dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
    root.classList.toggle('dark', dark)
  } catch (e) { /* storage is forbidden: the defaults stand */ }
})()
