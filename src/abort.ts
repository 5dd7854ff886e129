/** What is to happen when a signal aborts. Thousands of turns may share one signal: it gets one listener for all of them. */

interface Waiting {
  readonly calls: Set<() => void>
  readonly listener: () => void
}

const waitingFor = new WeakMap<AbortSignal, Waiting>()

/** Calls `call` when the signal aborts; gives a function that takes it back. */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listenTo(signal)
  waiting.calls.add(call)
  return () => {
    waiting.calls.delete(call)
    if (waiting.calls.size > 0 || waitingFor.get(signal) !== waiting) return
    waitingFor.delete(signal)
    signal.removeEventListener('abort', waiting.listener)
  }
}

function listenTo(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>()
  const waiting = {
    calls,
    listener: () => {
      waitingFor.delete(signal)
      for (const call of calls) call()
    },
  }
  waitingFor.set(signal, waiting)
  signal.addEventListener('abort', waiting.listener)
  return waiting
}
