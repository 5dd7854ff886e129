/** Findings with their place in a file, their rule and the changes that end them. */
import type { Repair } from '../repairs.ts'
import type { Finding } from '../rule.ts'
import { RULES } from '../rules.ts'
import type { Target } from '../target.ts'
import type { DiagnosedFinding, Place } from './diagnosis.ts'

export interface Located {
  readonly place: Place
  readonly tool: string | undefined
}

/** `isSameArray`: the repairs count the messages as the findings do. */
export function diagnosed(
  findings: readonly Finding[],
  target: Target,
  locate: (finding: Finding) => Located,
  repairs: readonly Repair[],
  isSameArray: boolean,
): readonly DiagnosedFinding[] {
  const rules = new Map(RULES[target].map((rule) => [rule.id, rule]))
  const byCall = grouped(repairs, ({ call }) => call)
  const byMessage = grouped(repairs, ({ message }) => message)
  return findings.map((finding) => {
    const { place, tool } = locate(finding)
    const rule = rules.get(finding.rule)
    const ofCall = finding.call === undefined ? [] : (byCall.get(finding.call) ?? [])
    const ofMessage = isSameArray ? (byMessage.get(finding.message) ?? []) : []
    return {
      ...finding,
      title: rule?.title ?? '',
      source: rule?.source ?? '',
      place,
      ...(tool === undefined || tool === '' ? {} : { tool }),
      repairs: ofCall.length > 0 ? ofCall : ofMessage,
    }
  })
}

function grouped<K>(repairs: readonly Repair[], keyOf: (repair: Repair) => K): ReadonlyMap<K, readonly Repair[]> {
  const groups = new Map<K, Repair[]>()
  for (const repair of repairs) {
    const key = keyOf(repair)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [repair])
    else group.push(repair)
  }
  return groups
}
