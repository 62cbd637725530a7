// The command line. Each command is a file in commands/.
import { Command, CommanderError } from 'commander'
import { registerDemo } from './commands/demo.ts'
import { registerHotlist } from './commands/hotlist.ts'
import { registerMatch } from './commands/match.ts'
import { registerModel } from './commands/model.ts'
import { registerRetention } from './commands/retention.ts'
import { failCommand, oneLine } from './commands/run.ts'
import { registerServe } from './commands/serve.ts'
import { registerSimulate } from './commands/simulate.ts'
import { registerUser } from './commands/user.ts'

const program = new Command('hotplate')
  .description('Watches licence-plate reads and tells dispatch when one may be on a hot list.')
  .exitOverride()
  .showHelpAfterError(false)
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(oneLine(text.replace(/^error: /, ''))) })

for (const register of [
  registerServe,
  registerDemo,
  registerHotlist,
  registerMatch,
  registerModel,
  registerUser,
  registerRetention,
  registerSimulate,
]) {
  register(program)
}

// commander prints the whole help where a command is missing; wrong usage is one line here.
for (const command of [program, ...program.commands]) {
  if (command.commands.length === 0) continue
  const names = command.commands.map((sub) => sub.name()).join(', ')
  command
    .allowExcessArguments()
    .action((_options, { args }: Command) =>
      command.error(`expected one of ${names} but received ${args[0] ?? 'none'}`, { exitCode: 2 }),
    )
}

try {
  await program.parseAsync()
  process.exit(process.exitCode ?? 0)
} catch (error) {
  // commander has printed its one line already; wrong usage is exit 2.
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : 2)
  failCommand(error)
}
