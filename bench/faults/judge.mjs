/**
 * The measure, the same for everybody: what came of a broken stream next to what the same contender made of the whole
 * one. It knows no contender and no plan; `docs/faults.md` says in words what stands here.
 */

/** Kinds of failure, in the order in which they are looked for: each trial that fails is counted under one. */
export const FAILURES = {
  hang: 'never settles',
  twice: 'hands a call out twice, or two finished messages',
  'other call': 'hands out a call that was not sent so',
  success: 'reports a cut or damaged stream as success',
  throws: 'reports an error though nothing is lost',
  'no message': 'ends without a message and without an error',
  doubled: 'has text or thinking twice',
  garbled: 'has other text or thinking than was sent',
  lost: 'loses text or thinking',
  'call lost': 'loses a call',
  'call garbled': 'has a call with other arguments in its result, and hands out the right one or none',
  end: 'says otherwise why the model stopped',
}

/**
 * @param clean of the whole stream, in the neutral form
 * @param broken of the broken one; undefined if it did not settle
 * @param expectation of the plan: `same`, `lossy`, or `either` of them
 * @param isAborted whether the user gave up, and so knows that the answer is not whole
 * @returns undefined if it holds, else a key of `FAILURES`
 */
export function judge(clean, broken, { effect, alters = [] }, isAborted) {
  if (broken === undefined) return 'hang'
  if (isMore(broken.ran, clean.ran) || broken.finished > clean.finished) return 'twice'
  if (effect === 'lossy') return notHonest(clean, broken, isAborted)
  const failure = notSame(clean, broken, alters.includes('raw stop'))
  return effect === 'either' && notHonest(clean, broken, isAborted) === undefined ? undefined : failure
}

function notSame(clean, broken, mayStopOtherwise) {
  if (broken.ran.some((call) => !clean.ran.includes(call))) return 'other call'
  if (broken.error !== undefined) return 'throws'
  if (broken.finished < clean.finished) return 'no message'
  for (const key of ['text', 'thinking']) {
    if (broken[key] === clean[key]) continue
    if (isSubsequence(broken[key], clean[key])) return 'lost'
    return broken[key].length > clean[key].length ? 'doubled' : 'garbled'
  }
  if (broken.calls.some((call) => !clean.calls.includes(call))) return 'call garbled'
  if (isMore(broken.calls, clean.calls)) return 'twice'
  if (!isEqual(broken.calls, clean.calls)) return 'call lost'
  if (!isEqual(broken.ran.toSorted(), clean.ran.toSorted())) return 'call lost'
  return mayStopOtherwise || broken.stop === clean.stop ? undefined : 'end'
}

function notHonest(clean, broken, isAborted) {
  if (broken.ran.some((call) => !clean.ran.includes(call))) return 'other call'
  if (!claimsSuccess(clean, broken)) return undefined
  const isBeginning =
    clean.text.startsWith(broken.text) &&
    clean.thinking.startsWith(broken.thinking) &&
    isInOrder(broken.calls, clean.calls)
  return isBeginning && (broken.isTold || isAborted) ? undefined : 'success'
}

/** Whether nothing tells the result from that of a whole stream. A stop reason that is missing is something that tells. */
export function claimsSuccess(clean, broken) {
  const knowsWhy = broken.stop !== undefined || clean.stop === undefined
  return broken.error === undefined && broken.finished > 0 && !broken.isAbnormal && knowsWhy
}

/** Whether a lossy stream ended without an error, and nothing but a field that is missing tells it. */
export function isSilent(clean, broken) {
  return (
    broken !== undefined &&
    broken.error === undefined &&
    !broken.isAbnormal &&
    !broken.isTold &&
    !claimsSuccess(clean, broken)
  )
}

/** A call that could not be read may be missing among others. */
function isInOrder(calls, sent) {
  let at = 0
  for (const call of calls) {
    at = sent.indexOf(call, at) + 1
    if (at === 0) return false
  }
  return true
}

function isMore(calls, than) {
  return calls.some((call) => than.includes(call) && countOf(calls, call) > countOf(than, call))
}

function countOf(calls, wanted) {
  return calls.filter((call) => call === wanted).length
}

function isEqual(left, right) {
  return left.length === right.length && left.every((value, index) => value === right[index])
}

function isSubsequence(text, whole) {
  let at = 0
  for (const char of text) {
    at = whole.indexOf(char, at) + 1
    if (at === 0) return false
  }
  return true
}
