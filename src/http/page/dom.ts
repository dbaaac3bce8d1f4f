type Attributes = Readonly<Record<string, string | number>>

const SVG = 'http://www.w3.org/2000/svg'

/**
 * Makes an element. What comes from the service goes into attributes and text nodes alone, and never through a parser: a
 * label may hold anything.
 */
export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children)
}

/** Makes an element of a drawing. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS(SVG, tag), attributes, children)
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly (Node | string)[]): E {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  element.append(...children)
  return element
}

/** An element of the page's own markup. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no #${id}`)
  return element as E
}

/** Writes only what has changed: a screen reader and a selection stay where they are. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
