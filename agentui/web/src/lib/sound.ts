import { kept } from './store'

// Short tones, made rather than loaded. Browsers are silent until the page was touched once.

let context: AudioContext | undefined
const key = 'tamas.sound'

export const sounds = {
  get on() {
    return kept.get(key, true)
  },
  set on(v: boolean) {
    kept.set(key, v)
  },
}

function tone(hz: number, at: number, length: number, volume: number): void {
  const c = context!
  const o = c.createOscillator()
  const g = c.createGain()
  o.type = 'sine'
  o.frequency.value = hz
  g.gain.setValueAtTime(0, c.currentTime + at)
  g.gain.linearRampToValueAtTime(volume, c.currentTime + at + 0.015)
  g.gain.exponentialRampToValueAtTime(0.0001, c.currentTime + at + length)
  o.connect(g).connect(c.destination)
  o.start(c.currentTime + at)
  o.stop(c.currentTime + at + length)
}

export function play(what: 'message' | 'offer' | 'alert'): void {
  if (!sounds.on || !('AudioContext' in globalThis) || navigator.userActivation?.hasBeenActive === false) return
  context ??= new AudioContext()
  if (context.state === 'suspended') void context.resume()
  if (what === 'message') tone(740, 0, 0.18, 0.08)
  else if (what === 'alert') [880, 622, 880, 622].forEach((hz, i) => tone(hz, i * 0.2, 0.24, 0.16))
  else [523, 659, 784].forEach((hz, i) => tone(hz, i * 0.14, 0.3, 0.14))
}
