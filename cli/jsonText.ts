/** JSON as it is written to files: laid out as the project's formatter leaves it, so that a later edit is a small difference. */

const WIDTH = 110;

/** 2 spaces; a list of plain values stands on one line where it fits. Ends with a line end. */
export function toJsonText(document: unknown): string {
  return `${render(JSON.parse(JSON.stringify(document)), '', 0)}\n`;
}

/** `column` is where the value begins. */
function render(value: unknown, indent: string, column: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const isPlain = value.every((element) => typeof element !== 'object' || element === null);
    const oneLine = `[${value.map((element) => JSON.stringify(element)).join(', ')}]`;
    if (isPlain && column + oneLine.length < WIDTH) return oneLine;
    return enclose(
      '[',
      value.map((element) => render(element, inner, inner.length)),
      ']',
      indent,
    );
  }
  const members = Object.entries(value).map(([key, member]) => {
    const name = `${JSON.stringify(key)}: `;
    return name + render(member, inner, inner.length + name.length);
  });
  return members.length === 0 ? '{}' : enclose('{', members, '}', indent);
}

function enclose(open: string, parts: string[], close: string, indent: string): string {
  return [open, parts.map((part) => `${indent}  ${part}`).join(',\n'), `${indent}${close}`].join('\n');
}
