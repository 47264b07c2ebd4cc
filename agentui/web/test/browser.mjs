// A Chromium of one's own (CHROMIUM, default /usr/bin/chromium), with a fresh profile.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/**
 * A Chromium for several people at once: each takes a context of their own. Pages that a test serves itself have no address, and
 * could else open no socket to this machine.
 */
export const launchForMany = () => chromium.launch({ executablePath, headless: true, args: [...args, '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'] })

export async function launch(viewport = { width: 1440, height: 900 }) {
  const profile = mkdtempSync(join(tmpdir(), 'tamas-browser-'))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport,
    args,
  })
  process.on('exit', () => {
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    } catch { /* the browser is still letting go of it; the system's temporary folder is cleared anyway */ }
  })
  return browser
}
