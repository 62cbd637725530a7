// A component that is drawn again only when a property or a signal that it reads has changed.
import { Component, type ComponentChildren, createElement, type FunctionComponent } from 'preact'

export function memo<P extends object>(draw: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const before = this.props as Record<string, unknown>
      return Object.entries(next).some(([name, value]) => before[name] !== value)
    }
    render(props: P): ComponentChildren {
      return createElement(draw, props)
    }
  }
  return (props) => createElement(Memo, props)
}
