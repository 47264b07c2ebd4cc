// Makes package-lock.json fit for every place, after an npm install changed it: no address stands in it,
// and packages for other platforms are named in it even when the registry at hand does not carry them
// (npm ci would call the lock incomplete).
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const { packages } = lock

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const processors = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'wasm32']

function platformOf(name) {
  const words = name.split('/').pop().split('-')
  const out = {}
  const cpu = processors.find((p) => words.includes(p))
  const os = systems.find((s) => words.includes(s))
  if (cpu) out.cpu = [cpu]
  if (os) out.os = [os]
  if (os === 'linux' && words.some((w) => w.startsWith('musl'))) out.libc = ['musl']
  if (os === 'linux' && words.some((w) => w.startsWith('gnu'))) out.libc = ['glibc']
  return cpu || os ? out : null
}

for (const [path, p] of Object.entries(packages)) {
  delete p.resolved
  delete p.funding
  if (p.extraneous) delete packages[path]
  for (const [name, version] of Object.entries(p.optionalDependencies ?? {})) {
    const platform = platformOf(name)
    if (packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`] || !platform) continue
    packages[`node_modules/${name}`] = { version, ...platform, ...(p.dev ? { dev: true } : {}), license: p.license, optional: true }
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, JSON.stringify(lock, null, 2) + '\n')
