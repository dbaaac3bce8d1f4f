import { lazyHandlers } from './lazy.ts'

const handlers = lazyHandlers({
  text: async () => ({ default: async (body: string, times: number) => body.repeat(times) }),
  image: async () => ({ handle: (id: string) => id.length }),
  plain: async () => (flag: boolean) => flag,
  both: async () => ({ default: 'not a handler', handle: (count: number) => count }),
  inline: () => (name: string) => name,
})

// The result is the handler's own: a promise only where there was one, or while it is being loaded.
export const text: Promise<string> = handlers.run('text', 'ab', 2)
export const image: number | Promise<number> = handlers.run('image', 'id')
export const plain: boolean | Promise<boolean> = handlers.run('plain', true)
export const both: number | Promise<number> = handlers.run('both', 1)
export const inline: string | Promise<string> = handlers.run('inline', 'a')
export const loaded: Promise<(id: string) => number> = handlers.load('image')
export const errors: number = handlers.stats().text.errors
handlers.preload(['text', 'image'], { concurrency: 4 })

// A name out of a union takes the arguments that all of its handlers take.
declare const name: 'image' | 'inline'
handlers.run(name, 'a')

// @ts-expect-error - a name that is not in the map
handlers.run('video', 'id')
// @ts-expect-error - arguments are those of the handler of that name
handlers.run('image', 42)
// @ts-expect-error - an argument is missing
handlers.run('text', 'ab')
// @ts-expect-error - the result may not be there yet
export const early: number = handlers.run('image', 'id')
// @ts-expect-error - names are checked wherever they are given
handlers.preload(['video'])
// @ts-expect-error - there are no figures for a handler that does not exist
handlers.stats().video
// @ts-expect-error - a module without a handler needs `pick`
lazyHandlers({ text: async () => ({ other: () => 1 }) })
// @ts-expect-error - options of an unknown name
lazyHandlers({ text: async () => () => 1 }, { timeout: 1_000 })

const picked = lazyHandlers(
  { text: async () => ({ onText: (body: string) => body.length }) },
  { pick: (module) => module.onText },
)
export const length: number | Promise<number> = picked.run('text', 'ab')
// @ts-expect-error - what was picked says which arguments it takes
picked.run('text', 1)
