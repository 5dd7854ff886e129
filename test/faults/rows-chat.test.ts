/** The rows of the table about OpenAI Chat Completions. */
import { COMMON, cut, empty, keptTwice, maxTokens, proto } from './common-rows.ts'
import { callsIn, expects } from './expectations.ts'
import { byPlan, declareRows, each, type Rows } from './trials.ts'

const ROWS: Rows = {
  ...COMMON,
  'cut between finish_reason and usage (eof)': cut('cut-after-stop-eof'),
  'cut between finish_reason and usage (reset)': cut('cut-after-stop-reset'),
  'missing [DONE] (eof)': byPlan('missing-terminal-eof'),
  'missing [DONE] (reset)': byPlan('missing-terminal-reset'),
  'finish_reason chunk x2': byPlan('repeat-stop'),
  'usage chunk x2': byPlan('repeat-usage'),
  '[DONE] x2': byPlan('repeat-terminal'),
  'role chunk x2': byPlan('repeat-role'),
  'usage on every chunk (cumulative)': byPlan('usage-on-every-chunk'),
  'role repeated on every chunk': byPlan('role-on-every-chunk'),
  'finish_reason "" instead of null': byPlan('empty-finish-reason'),
  'finish_reason + usage in one chunk, no trailing usage chunk': byPlan('usage-with-finish'),
  'empty choices[] chunk mid-stream': byPlan('empty-choices'),
  'first chunk without choices (azure prompt_filter_results)': byPlan('prompt-filter-first'),
  'chunk without a choices field': byPlan('no-choices'),
  'last chunk without delta': byPlan('finish-without-delta'),
  'last chunk with delta null': byPlan('finish-with-null-delta'),
  'id changes per chunk': byPlan('id-changes'),
  'id null/absent on every chunk': each(byPlan('id-null'), byPlan('id-absent')),
  'whole sequence replayed after [DONE]': byPlan('replay-after-end'),
  'whole sequence replayed, no [DONE] between': byPlan('replay-before-end'),
  'tail from chunk k repeated after finish_reason': byPlan('replay-tail-after-stop'),
  'prefix k then whole sequence (undecidable in-band)': byPlan('replay-prefix-unmarked'),
  'content delta x2 (undecidable)': keptTwice,
  'comment flood (200 per event)': byPlan('comment-flood'),
  'no tool index': byPlan('no-call-index'),
  'tool id repeated on every fragment': byPlan('call-id-repeated'),
  'tool id + name repeated on every fragment': byPlan('call-id-and-name-repeated'),
  'no index, id repeated on every fragment': byPlan('no-call-index-id-repeated'),
  'later fragments with id "" and name ""': byPlan('later-call-ids-empty'),
  'later fragments with id null, name null, type null': byPlan('later-call-ids-null'),
  'tool id changes in later fragments': byPlan('call-id-changes'),
  'args as an object in one chunk': byPlan('arguments-as-object'),
  'whole tool call in one chunk': byPlan('whole-call-in-one-chunk'),
  'finish_reason "stop" although tool_calls came': byPlan('finish-stop', {
    also: (_, { events }) => expects(callsIn(events).length > 0, 'no call was handed out'),
  }),
  '__proto__ key in tool JSON': proto,
  'tool JSON truncated at max_tokens': maxTokens,
  'tool with empty args': empty(''),
  'interleaved tool fragments': byPlan('interleaved'),
  'tool index gap (0,3)': byPlan('call-index-gaps'),
  'tool index starts at 1': byPlan('call-index-from-1'),
  'all tools index 0 but distinct ids': byPlan('all-calls-at-index-0'),
}

declareRows('OpenAI Chat Completions', 'chat', 'openai-chat', ROWS)
