// Where alerts go outside the app: a mail server that takes all mail, and an address that is called.
import { createHmac } from 'node:crypto'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'

/** Both ends of a mail account on this machine. What was sent stands in mails; nothing is ever received. */
export async function mailServer() {
  const mails = []
  const smtp = createServer((socket) => {
    let held = ''
    let mail
    let data = false
    const answer = (line) => socket.write(`${line}\r\n`)
    answer('220 sink ESMTP')
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1')
      for (let end; (end = held.indexOf('\r\n')) >= 0; held = held.slice(end + 2)) {
        const line = held.slice(0, end)
        if (data) {
          if (line !== '.') mail.lines.push(line.replace(/^\./, ''))
          else {
            data = false
            mails.push({ to: mail.to, ...read(mail.lines) })
            answer('250 taken')
          }
          continue
        }
        if (/^QUIT/i.test(line)) {
          socket.end('221 bye\r\n')
          continue
        }
        if (/^MAIL FROM:/i.test(line)) mail = { to: [], lines: [] }
        if (/^RCPT TO:/i.test(line)) mail.to.push(/<(.*)>/.exec(line)[1])
        data = /^DATA/i.test(line)
        answer(data ? '354 go on' : '250 8BITMIME')
      }
    })
  })
  // A mailbox without mail: a session that is greeted and let be.
  const imap = createServer((socket) => socket.on('error', () => {}).resume())
  for (const s of [smtp, imap]) await once(s.listen(0, '127.0.0.1'), 'listening')
  return {
    mails,
    settings: { address: 'desk@example.com', auth: 'password', password: 'x', imap_host: '127.0.0.1', imap_port: imap.address().port, imap_security: 'none', smtp_host: '127.0.0.1', smtp_port: smtp.address().port, smtp_security: 'none', smtp_username: '-' },
  }
}

// Subject and text of a mail, decoded.
function read(lines) {
  const whole = lines.join('\r\n')
  const [head, ...rest] = whole.split('\r\n\r\n')
  const headers = head.replace(/\r\n[ \t]+/g, ' ')
  const word = (s) => s.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how, x) => (how.toLowerCase() === 'b' ? Buffer.from(x, 'base64').toString() : quoted(x.replace(/_/g, ' '))))
  const body = rest.join('\r\n\r\n')
  const how = /content-transfer-encoding: *(\S+)/i.exec(headers)?.[1].toLowerCase()
  return { subject: word(/^subject: *(.*)$/im.exec(headers)?.[1] ?? ''), text: how === 'base64' ? Buffer.from(body, 'base64').toString() : how === 'quoted-printable' ? quoted(body) : Buffer.from(body, 'latin1').toString() }
}
const quoted = (s) => Buffer.from(s.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/gi, (_, x) => String.fromCharCode(parseInt(x, 16))), 'latin1').toString()

/** An address that takes calls: { word, signed(secret) } each. */
export async function webhook() {
  const calls = []
  const server = createHttp(async (req, res) => {
    const parts = []
    for await (const part of req) parts.push(part)
    const body = Buffer.concat(parts)
    const [, at, proof] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(req.headers['x-tamas-signature'] ?? '') ?? []
    calls.push({ word: JSON.parse(body), signed: (secret) => proof === createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex') })
    res.end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { calls, url: `http://127.0.0.1:${server.address().port}/alerts` }
}
