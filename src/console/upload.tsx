// Sends a list's file in. Its way to the service is shown; what becomes of it, by its version.
import { useSignal } from '@preact/signals'
import { Choice, Field } from './field.tsx'
import { goTo } from './route.ts'
import { text } from './text.ts'

export function Upload({ list }: { list: string }) {
  const problem = useSignal('')
  const share = useSignal<number | null>(null)
  const send = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const file = form.get('file')
    if (share.value !== null || !(file instanceof File)) return
    share.value = 0
    problem.value = ''
    put(list, file, String(form.get('format')), {
      onShare: (sent) => {
        share.value = sent
      },
      onDone: (version) => goTo({ page: 'version', list, version }),
      onRefused: (words) => {
        share.value = null
        problem.value = words
      },
    })
  }
  return (
    <details class="change">
      <summary>{text.upload.heading}</summary>
      <form class="form" onSubmit={send}>
        <p class="waiting">{text.upload.explained}</p>
        <fieldset>
          <legend>{text.versions.file}</legend>
          <Field id="file" name={text.versions.file} hint={text.upload.hint}>
            <input id="file" name="file" type="file" required />
          </Field>
          <Field id="format" name={text.versions.format}>
            <Choice id="format" words={text.formats} none={text.draft.asList} />
          </Field>
        </fieldset>
        {share.value !== null && (
          <p role="status">
            <progress max={1} value={share.value} aria-label={text.upload.sending} />{' '}
            {text.upload.sent(Math.round(share.value * 100))}
          </p>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="submit" class="strong" disabled={share.value !== null}>
            {text.upload.send}
          </button>
        </p>
      </form>
    </details>
  )
}

interface Told {
  /** 0 to 1, of the bytes */
  onShare: (share: number) => void
  onDone: (version: number) => void
  onRefused: (words: string) => void
}

/** By the older of the two ways to ask: only it tells how much is sent. */
function put(list: string, file: File, format: string, told: Told): void {
  const query = new URLSearchParams({ name: file.name.slice(-200) })
  if (format !== '') query.set('format', format)
  const request = new XMLHttpRequest()
  request.open('POST', `/v1/hotlists/${list}/imports?${query}`)
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.responseType = 'json'
  request.upload.addEventListener('progress', ({ loaded, total }) => {
    if (total > 0) told.onShare(loaded / total)
  })
  request.addEventListener('load', () => {
    const answer = request.response as { version?: number; detail?: string; title?: string } | null
    if (answer?.version !== undefined) told.onDone(answer.version)
    else told.onRefused(answer?.detail ?? answer?.title ?? text.problem.unreachable)
  })
  request.addEventListener('error', () => told.onRefused(text.problem.unreachable))
  request.send(file)
}
