// A control with its name and a hint; choices by their words.
import type { ComponentChildren } from 'preact'

interface FieldProps {
  /** Of the control. */
  id: string
  name: string
  hint?: string
  wide?: boolean
  children: ComponentChildren
}

export function Field({ id, name, hint, wide, children }: FieldProps) {
  return (
    <p class={wide ? 'field wide' : 'field'}>
      <label for={id}>{name}</label>
      {children}
      {hint !== undefined && <small>{hint}</small>}
    </p>
  )
}

interface ChoiceProps {
  /** And name. */
  id: string
  words: Readonly<Record<string, string>>
  chosen?: string
  /** What stands there where nothing is chosen. */
  none?: string
  required?: boolean
}

export function Choice({ id, words, chosen = '', none, required = false }: ChoiceProps) {
  return (
    <select id={id} name={id} required={required}>
      {none !== undefined && <option value="">{none}</option>}
      {Object.entries(words).map(([value, word]) => (
        <option key={value} value={value} selected={value === chosen}>
          {word}
        </option>
      ))}
    </select>
  )
}
