/** A broken stream as a library meets it: as the body of a response, behind a `fetch`. */

/** What Node's own `fetch` gives for a body whose connection was closed by the other side. */
function resetError() {
  const cause = Object.assign(new Error('other side closed'), { name: 'SocketError', code: 'UND_ERR_SOCKET' })
  return new TypeError('terminated', { cause })
}

/**
 * What a contender is given.
 *
 * @param recording broken or not
 * @param dialect for a contender that must be told
 * @param tools what the model may call: names, and the types of the arguments
 * @returns `fetch`, which answers each request with the stream, `response`, the same without a request, `signal`, which
 *   aborts when a recording that ends with `abort` has given all it has, and `settled`, to be called at the end
 */
export function wireOf({ chunks, ending }, dialect, tools) {
  const user = new AbortController()
  const open = new Set()
  const abortAll = (reason) => {
    for (const stream of open) stream.error(reason)
    open.clear()
  }
  user.signal.addEventListener('abort', () => abortAll(user.signal.reason))

  const respond = (signal) => {
    let at = 0
    const body = new ReadableStream(
      {
        start(to) {
          open.add(to)
          // As `fetch` does: who aborts the request breaks the body off.
          signal?.addEventListener('abort', () => {
            if (open.delete(to)) to.error(signal.reason)
          })
        },
        pull(to) {
          if (at < chunks.length) return to.enqueue(chunks[at++].bytes.slice())
          if (ending === 'abort') return new Promise(() => setTimeout(() => user.abort(), 1))
          open.delete(to)
          if (ending === 'reset') to.error(resetError())
          else to.close()
        },
        cancel() {
          open.clear()
        },
      },
      { highWaterMark: 0 },
    )
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  return {
    dialect,
    tools,
    signal: user.signal,
    fetch: async (_url, init) => {
      init?.signal?.throwIfAborted()
      return respond(init?.signal)
    },
    response: () => respond(user.signal),
    /** Ends what a contender left behind. */
    settled: () => abortAll(new Error('the trial is over')),
  }
}
