// Package telegramtest is a double of the Telegram Bot API: one bot, its customers and a server that
// answers over HTTP as api.telegram.org (and the open-source server that runs there) does. The
// adapter's tests, the demo, the bench and the chaos run use it.
//
// What it holds to:
//
//   - getUpdates: updates stay until a call comes with a higher offset; an offset beyond the newest update counts as
//     none; a second call ends a waiting one with 409; 409 while a webhook is set; a call that repeats its offset within
//     half a second gets one update at a time. The timeout is waited out unless something comes. Kinds of updates that
//     allowed_updates leaves out are neither kept nor numbered.
//   - Webhook: one update at a time for each chat, in order; again after Retry-After (or a growing delay) unless the
//     answer is 2xx; the secret token in its header; getWebhookInfo tells the last error and what is pending.
//   - sendMessage, sendPhoto … sendDocument, sendMediaGroup: the documented bounds and errors with their shapes (empty, over 4096 or
//     1024 UTF-16 units, over 50 MB, no picture, wrong file_id, mixed albums, unknown chat, blocked, a group that has moved with
//     parameters.migrate_to_chat_id, 429 with parameters.retry_after), and whatever a hook orders; reply_parameters; a file
//     goes by upload, attached or not, or by the id that it got before.
//   - editMessageText, editMessageCaption (also "message is not modified"), answerCallbackQuery, sendChatAction.
//   - getFile (over 20 MB: "file is too big") and downloads below /file/bot<token>/.
//   - Parameters come as query, form, multipart or JSON; answers are {"ok":…,"result"|"description"+"error_code"}.
//
// Updates are kept for ever (Telegram: 24 hours) and there are no flood limits of its own. Files are held in memory.
package telegramtest
