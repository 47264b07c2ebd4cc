// Package telegramtest is a double of the Telegram Bot API: one bot, its customers and a server that
// answers over HTTP as api.telegram.org (and the open-source server that runs there) does. The
// adapter's tests, the demo, the bench and the chaos run use it.
//
// What it holds to:
//
//   - getUpdates: updates stay until a call comes with a higher offset; an offset beyond the newest update counts as
//     none; a second call ends a waiting one with 409; 409 while a webhook is set; a call that repeats its offset within
//     half a second gets one update at a time. The timeout is waited out unless something comes.
//   - Webhook: one update at a time for each chat, in order; again after Retry-After (or a growing delay) unless the
//     answer is 2xx; the secret token in its header; getWebhookInfo tells the last error and what is pending.
//   - sendMessage: the documented errors with their shapes (empty, over 4096 UTF-16 units, unknown chat, blocked,
//     429 with parameters.retry_after), and whatever a hook orders.
//   - Parameters come as query, form, multipart or JSON; answers are {"ok":…,"result"|"description"+"error_code"}.
//
// Updates are kept for ever (Telegram: 24 hours) and there are no flood limits of its own.
package telegramtest
