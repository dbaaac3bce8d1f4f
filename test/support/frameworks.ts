import { http as cloudFunction } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import { serve } from '@hono/node-server'
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express'
import express4 from 'express-4'
import fastify, { type FastifyInstance } from 'fastify'
import { Hono, type Handler as HonoHandler } from 'hono'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** What a framework is given to call, whatever that is: some of the tests give it the wrong thing. */
export type Given = (...args: never[]) => unknown

/** Gives the address of a real server of a framework, in which this stands at `/x`. */
export type Framework = (given: Given) => Promise<string>

/** Bodies as most senders write them, whatever they call them. */
const ALL = { type: () => true }

const bytesKept = (req: IncomingMessage, _res: ServerResponse, bytes: Buffer): void =>
  void Object.assign(req, { rawBody: bytes })

/** Told to the client, so that a test can read it. */
// eslint-disable-next-line @typescript-eslint/max-params -- Express knows an error handler by its four parameters
const telling: ErrorRequestHandler = (error: Error & { code?: string }, _req, res, _next) => {
  res.status(500).json({ code: error.code, message: error.message })
}

function expressWith(express: typeof express5, parser?: RequestHandler): Framework {
  return async (given) => {
    const app = express()
    if (parser !== undefined) app.use(parser)
    app.all('/x', given as unknown as RequestHandler)
    app.use(telling)
    return addressOf(createServer(app))
  }
}

/** As a middleware of the whole app, and not as the handler of a path. */
export const used: Framework = async (given) => {
  const app = express5()
  app.use(given as unknown as RequestHandler)
  app.use(telling)
  return addressOf(createServer(app))
}

function fastifyWith(setUp: (app: FastifyInstance) => void = () => undefined): Framework {
  return async (given) => {
    const app = fastify()
    setUp(app)
    app.all('/x', (request, reply) => {
      reply.hijack()
      given(...([request.raw, reply.raw] as never[]))
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/x`
  }
}

/** What it is given is its handler itself, called with its own request and reply. */
export const fastifyRoute: Framework = async (given) => {
  const app = fastify()
  app.all('/x', given as never)
  app.setErrorHandler((error: Error & { code?: string }, _request, reply) =>
    reply.status(500).send({ code: error.code, message: error.message }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/x`
}

/**
 * An API route of Next's pages in its shape alone: the request has been read, and `body` is what its type made of it.
 *
 * @param parses - `bodyParser` in the route's config
 */
function nextPages(parses: boolean): Framework {
  return async (given) => {
    const server = createServer((req, res) => {
      void (async () => {
        if (parses) {
          let text = ''
          for await (const chunk of req) text += String(chunk)
          Object.assign(req, { body: text === '' ? undefined : (JSON.parse(text) as unknown), query: {}, cookies: {} })
        }
        await given(...([req, res] as never[]))
        // Next warns of a handler that has ended and not answered.
        if (!res.headersSent) res.destroy()
      })()
    })
    return addressOf(server)
  }
}

let functions = 0

export const cloudFunctions: Framework = async (given) => {
  const name = `f${(functions += 1)}`
  cloudFunction(name, given as never)
  return addressOf(getTestServer(name))
}

function hono(setUp: (app: Hono) => void, handler: (given: Given) => HonoHandler): Framework {
  return async (given) => {
    const app = new Hono()
    setUp(app)
    app.all('/x', handler(given))
    app.onError((error, c) => c.json({ code: (error as { code?: string }).code, message: error.message }, 500))
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
    return ending(server)
  }
}

const ofRequest =
  (given: Given): HonoHandler =>
  (c) =>
    given(...([c.req.raw] as never[])) as Response

/** Fetch handlers need no `toNode` here. */
export const honoOwn = hono(() => undefined, ofRequest)
export const honoParsed = hono((app) => app.use(async (c, next) => (await c.req.raw.text(), next())), ofRequest)
/** What it is given is its handler itself, called with its own context. */
export const honoRoute = hono(
  () => undefined,
  (given) => given as never,
)

/** Nobody has touched the body, or its bytes are kept. */
export const whole: Readonly<Record<string, Framework>> = {
  'Express 5': expressWith(express5),
  'Express 4': expressWith(express4),
  'Express 5, express.raw()': expressWith(express5, express5.raw(ALL)),
  'Express 4, express.raw()': expressWith(express4, express4.raw(ALL)),
  'Express 5, express.json() for another type': expressWith(express5, express5.json({ type: 'application/other' })),
  'Express 5, express.json({ verify })': expressWith(express5, express5.json({ ...ALL, verify: bytesKept })),
  'Express 4, express.json({ verify })': expressWith(express4, express4.json({ ...ALL, verify: bytesKept })),
  'Fastify, a parser that leaves the body alone': fastifyWith((app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  }),
  'Fastify, a parser that keeps the bytes': fastifyWith((app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, bytes, done) => {
      Object.assign(request.raw, { rawBody: bytes })
      done(null, undefined)
    })
  }),
  'a page of Next, bodyParser: false': nextPages(false),
  'the Functions Framework': cloudFunctions,
}

/** A parser has read the body, and kept what it made of it alone. */
export const lost: Readonly<Record<string, Framework>> = {
  'Express 5, express.json()': expressWith(express5, express5.json(ALL)),
  'Express 4, express.json()': expressWith(express4, express4.json(ALL)),
  'Express 5, express.text()': expressWith(express5, express5.text(ALL)),
  'Express 5, express.urlencoded()': expressWith(express5, express5.urlencoded(ALL)),
  'Fastify, its own parser': fastifyWith(),
  'a page of Next': nextPages(true),
}

async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return ending(server)
}

function ending(server: Server): string {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`
}
