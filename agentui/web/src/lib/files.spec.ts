import { describe, expect, it } from 'vitest'
import { album, beforeFiles, carriage, meansFiles, showAs } from './files'

const photo = { type: 'image/png', size: 100 }
const paper = { type: 'application/pdf', size: 5000 }

describe('carriage', () => {
  it('a channel without files sends links', () => expect(carriage(undefined, [photo])).toEqual(['none']))
  it('bounds the size, the types and the number', () => {
    expect(carriage({ max_size: 1000, most: 0 }, [photo, paper])).toEqual(['', 'size'])
    expect(carriage({ max_size: 9000, most: 0, types: ['image/*'] }, [photo, paper])).toEqual(['', 'type'])
    expect(carriage({ max_size: 9000, most: 1, types: ['image/*', 'application/pdf'] }, [paper, photo])).toEqual(['', 'most'])
  })
  it('what goes as a link does not use the number up', () => expect(carriage({ max_size: 1000, most: 1 }, [paper, photo])).toEqual(['size', '']))
  it('types are whole: image/* is not imagery/png', () => expect(carriage({ max_size: 1000, most: 0, types: ['image/*'] }, [{ type: 'imagery/png', size: 1 }])).toEqual(['type']))
})
describe('beforeFiles', () => {
  it('only where a file is carried and the text is longer than a caption', () => {
    const l = { max_size: 1000, most: 0, caption: 10 }
    expect(beforeFiles(l, [''], 11)).toBe(true)
    expect(beforeFiles(l, [''], 10)).toBe(false)
    expect(beforeFiles(l, ['size'], 11)).toBe(false)
    expect(beforeFiles({ max_size: 1, most: 0 }, [''], 9999)).toBe(false)
  })
})
describe('showAs', () => {
  it('never draws what is not a safe picture', () => {
    expect(showAs({ name: 'x.svg', type: 'image/svg+xml', kind: 'image' })).toBe('card')
    expect(showAs({ name: 'x.png', type: 'image/png', kind: 'image' })).toBe('image')
    expect(showAs({ name: 'x.png', type: 'image/png', kind: 'image', missing: 'larger than 25 MB' })).toBe('card')
    expect(showAs({ name: 'v', type: 'audio/ogg', kind: 'voice' })).toBe('audio')
  })
})
describe('album', () => {
  it.each([[0, []], [1, [1]], [2, [2]], [3, [3]], [4, [2, 2]], [5, [2, 3]], [6, [3, 3]], [7, [2, 2, 3]], [8, [2, 3, 3]], [10, [2, 2, 3, 3]]])('%i pictures', (n, rows) => expect(album(n as number)).toEqual(rows))
})

it('a pasted table is its text, a pasted picture or file is itself', () => {
  const pasted = (...types: string[]) => meansFiles({ types, files: (types.includes('Files') ? [1] : []) as unknown as FileList })
  expect(pasted('Files')).toBe(true)
  expect(pasted('text/html', 'Files')).toBe(true)
  expect(pasted('text/plain', 'text/uri-list', 'Files')).toBe(true)
  expect(pasted('text/plain', 'text/html', 'Files')).toBe(false)
  expect(pasted('text/plain')).toBe(false)
  expect(meansFiles(null)).toBe(false)
})
