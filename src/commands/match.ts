// `hotplate match`: what the matcher makes of plates, and whether it keeps its promise.
import { type Command, Option } from 'commander'
import { PROFILES } from '../domain/hotlist.ts'
import {
  type ExplainOptions,
  explain,
  numberWithin,
  type PairCommandOptions,
  type PreviewOptions,
  preview,
} from './match-pair.ts'
import { thresholds } from './match-thresholds.ts'
import { verify } from './match-verify.ts'
import { tellFallback } from './run.ts'

const ENTRIES_ASSUMED = 10_000

export function registerMatch(program: Command): void {
  const match = program.command('match').description('what the matcher makes of plates')
  match.hook('preAction', () => tellFallback())
  withPairOptions(match.command('explain'))
    .description('aligns a read with an entry and says what it costs, and whether it alerts')
    .argument('<read>', 'plate as it was read')
    .argument('<entry>', 'plate as it is listed; ? and * stand for what is open')
    .option('--region-read <STATE>', 'issuing state as it was read, as US-ID')
    .option('--region-entry <STATE>', 'issuing state as it is listed')
    .option('--confidence <C>', "the engine's confidence in the read, 0 to 1", numberWithin(0, 1))
    .action((read: string, entry: string, options: ExplainOptions) => {
      process.stdout.write(explain(read, entry, options))
    })
  withPairOptions(match.command('preview'))
    .description('lists the readings of a plate that would alert, the likeliest first')
    .argument('<plate>', 'plate as it is listed')
    .option('--limit <N>', 'readings to show', numberWithin(1, 1_000_000, true), 40)
    .action((plate: string, options: PreviewOptions) => {
      process.stdout.write(preview(plate, options))
    })
  match
    .command('thresholds')
    .description("what each list's budget comes to: what it catches, misses, and what was measured")
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(thresholds)
  match
    .command('verify')
    .description('proves by brute force that nothing in reach is missed')
    .option('--list <NAME>', 'one list; all that are in force by default')
    .option('--reads <N>', 'reads of the last days', numberWithin(1, 1_000_000, true), 200)
    .option('--file <FILE>', 'reads from a file instead, NDJSON as cameras publish them')
    .option('--config <FILE>', 'YAML file with settings')
    .option('--data <DIR>', 'folder for all data (./data)')
    .action(verify)
}

function withPairOptions(command: Command): Command {
  const profile = new Option('--profile <NAME>', 'how far a read may be off')
  const budget = 'budget of the list; the setting by default'
  return command
    .addOption(profile.choices(PROFILES).default('fold+1' satisfies PairCommandOptions['profile']))
    .option('--model <NAME>', 'model of misreads; the setting by default')
    .option('--false-alerts-per-million <N>', budget, numberWithin(0.001, 1_000_000))
    .option(
      '--entries <N>',
      'plates on the list that is assumed',
      numberWithin(1, 1_000_000, true),
      ENTRIES_ASSUMED,
    )
    .option(
      '--log-odds-min <X>',
      'this threshold instead of one by budget',
      numberWithin(-1e3, 1e3),
    )
    .option('--config <FILE>', 'YAML file with settings')
}
