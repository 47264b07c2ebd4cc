// Files that the stand-in hub gives: pictures and sound made of arithmetic, and a mail's HTML.
import { crc32, deflateSync } from 'node:zlib'

const chunk = (type, data) => {
  const head = Buffer.from(type)
  const out = Buffer.alloc(12 + data.length)
  out.writeUInt32BE(data.length, 0)
  head.copy(out, 4)
  data.copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}

/** A soft landscape of its own colour. */
export function png(width, height, seed) {
  const rows = Buffer.alloc(height * (width * 3 + 1))
  for (let y = 0, i = 0; y < height; y++) {
    rows[i++] = 0
    for (let x = 0; x < width; x++) {
      const hill = height * (0.55 + 0.12 * Math.sin((x / width) * 5 + seed)) < y
      const v = hill ? 90 + 60 * Math.sin(x / 37 + seed) : 235 - 70 * (y / height)
      rows[i++] = hill ? (v * (0.4 + (seed % 3) * 0.2)) | 0 : Math.min(255, v + 10 * (seed % 4))
      rows[i++] = v | 0
      rows[i++] = hill ? (v * 0.7) | 0 : Math.min(255, v + 25)
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

export function wav(seconds) {
  const n = seconds * 8000
  const out = Buffer.alloc(44 + n, 128)
  out.write('RIFF', 0)
  out.writeUInt32LE(36 + n, 4)
  out.write('WAVEfmt ', 8)
  out.writeUInt32LE(16, 16)
  out.writeUInt16LE(1, 20)
  out.writeUInt16LE(1, 22)
  out.writeUInt32LE(8000, 24)
  out.writeUInt32LE(8000, 28)
  out.writeUInt16LE(1, 32)
  out.writeUInt16LE(8, 34)
  out.write('data', 36)
  out.writeUInt32LE(n, 40)
  return out
}

/** A newsletter of the kind that people forward to support. */
export const html = ({ images, quotes, cid }) => `<!doctype html><html><head><meta charset="utf-8"><style>body{font:15px/1.5 Georgia,serif;margin:16px;color:#223}table{border-collapse:collapse}td,th{border:1px solid #ccd;padding:6px 12px}h2{color:#8a2b2b;margin:0 0 8px}</style></head><body>
<h2>Invoice 2026-0311</h2><p>Hello,</p><p>the invoice for March has the <b>wrong VAT number</b> on it. Ours is <code>DE 811 128 135</code>. Could you send a corrected one by Friday? Our accountant closes the quarter then.</p>
<table><tr><th>Position</th><th>Net</th><th>VAT</th></tr><tr><td>Walnut desk 140 × 70</td><td>€ 412.00</td><td>19 %</td></tr><tr><td>Delivery</td><td>€ 29.00</td><td>19 %</td></tr></table>
<p><img src="${cid}" width="240" height="120" alt="Scan of the stamp"></p>
${images ? '<p>(the remote images, shown)</p>' : '<p style="color:#999">▢ ▢</p>'}
<p>Best regards<br>Thomas Müller<br><a href="https://example.com/" target="_blank">mueller-moebel.example</a></p>
<style>${quotes ? '' : '.tamas-quote{display:none}'}</style><blockquote class="tamas-quote" style="border-left:3px solid #ccc;margin:0;padding-left:12px;color:#667">On Mon, 16 Nov 2026, Support wrote:<br>Dear Mr Müller,<br>please find attached the invoice for March.</blockquote>
</body></html>`
