/** What the sides of a comparison are called where nobody says it: the shortest names that tell them apart. */
import { expect, it } from 'vitest'
import { labelsOf } from '../../src/cli/compare-options.ts'

it.each<[what: string, paths: readonly string[], labels: readonly string[]]>([
  ['the names of files', ['examples/compare/large.recording', 'mini.sse'], ['large', 'mini']],
  ['a name with points', ['gpt-4.1.recording', 'gpt-4.1-mini.recording'], ['gpt-4.1', 'gpt-4.1-mini']],
  ['what is no extension', ['model-4.1', 'model-4.5'], ['model-4.1', 'model-4.5']],
  ['a folder more where names repeat', ['runs/mon/a.recording', 'runs/tue/a.recording'], ['mon/a', 'tue/a']],
  ['as many as it takes', ['x/runs/a.sse', 'y/runs/a.sse', 'z/b.sse'], ['x/runs/a', 'y/runs/a', 'b']],
  ['the extension where nothing else is another', ['r/a.recording', 'r/a.sse'], ['a.recording', 'a.sse']],
  ['the same file twice', ['r/a.recording', './r/../r/a.recording'], ['a (1)', 'a (2)']],
  [
    'the same file twice beside another',
    ['r/a.sse', 'r/a.sse', 's/a.sse', 'b.sse'],
    ['r/a (1)', 'r/a (2)', 's/a', 'b'],
  ],
  ['the standard input', ['-', 'a.sse'], ['standard input', 'a']],
])('%s', (_, paths, labels) => {
  expect(labelsOf(undefined, paths, 'files')).toEqual(labels)
})

it.each<[what: string, paths: readonly string[], labels: readonly string[]]>([
  ['the names of folders', ['runs/monday', 'runs/tuesday/'], ['monday', 'tuesday']],
  ['whole, with their points', ['runs/v1.beta', 'runs/v1.rc'], ['v1.beta', 'v1.rc']],
  ['with their parents where names repeat', ['mon/runs', 'tue/runs'], ['mon/runs', 'tue/runs']],
])('of folders: %s', (_, paths, labels) => {
  expect(labelsOf(undefined, paths, 'folders')).toEqual(labels)
})

it('as they were named', () => {
  expect(labelsOf(['x', 'y'], ['a.sse', 'b.sse'], 'files')).toEqual(['x', 'y'])
})
