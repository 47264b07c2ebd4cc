/** What a kind of touches may be drawn as. */
export const kindIcons = [
  'i-lucide-shapes', 'i-lucide-coffee', 'i-lucide-gift', 'i-lucide-wrench', 'i-lucide-package', 'i-lucide-file-text', 'i-lucide-calendar-check', 'i-lucide-graduation-cap',
  'i-lucide-handshake', 'i-lucide-heart', 'i-lucide-star', 'i-lucide-map-pin', 'i-lucide-car', 'i-lucide-house', 'i-lucide-ticket', 'i-lucide-credit-card', 'i-lucide-shield', 'i-lucide-flask-conical',
]
