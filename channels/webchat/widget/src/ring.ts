/** A short tone: something came. Pages that nobody touched yet are not let sound. */
export function ring(): void {
  try {
    const a = new AudioContext()
    const tone = a.createOscillator()
    const gain = a.createGain()
    tone.connect(gain).connect(a.destination)
    gain.gain.value = 0.1
    gain.gain.linearRampToValueAtTime(0, 0.4)
    tone.start()
    tone.stop(0.4)
    tone.onended = () => a.close()
  } catch {
    // no sound here
  }
}
