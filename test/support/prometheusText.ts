/** Reads Prometheus' text format (0.0.4) as strictly as its own parser: what is not of the format is an error. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Scraped {
  text: string;
  /** By name, without the endings of histograms: counter, gauge, histogram, summary, untyped. */
  types: Map<string, string>;
  samples: Sample[];
  /** Of the one sample with that name and, at least, these labels; undefined if there is none. */
  value(name: string, labels?: Record<string, string>): number | undefined;
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/y;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?[\d.]+(?:e[+-]?\d+)?)$/i;

export async function scrape(port: number): Promise<Scraped> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`The metrics were answered with ${response.status}: ${text}`);
  if (!response.headers.get('content-type')?.startsWith('text/plain; version=0.0.4'))
    throw new Error(`The metrics are of type ${response.headers.get('content-type')}.`);
  return parseMetrics(text);
}

export function parseMetrics(text: string): Scraped {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.');
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (typed !== undefined) {
      if (types.has(typed)) throw new Error(`${typed} comes twice.`);
      types.set(typed, type!);
    } else if (!line.startsWith('# HELP ')) samples.push(sampleOf(line, types));
  }
  const seen = samples.map(({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`);
  const twice = seen.filter((series, index) => seen.indexOf(series) !== index);
  if (twice.length > 0) throw new Error(`Series that come twice: ${twice.join('; ')}`);
  return {
    text,
    types,
    samples,
    value(name, labels = {}) {
      const wanted = Object.entries(labels);
      const found = samples.filter(
        (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
      );
      if (found.length > 1)
        throw new Error(`There are ${found.length} samples of ${name} with these labels.`);
      return found[0]?.value;
    },
  };
}

function sampleOf(line: string, types: ReadonlyMap<string, string>): Sample {
  const [, name, labels = '', number] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`Not a sample: ${line}`);
  const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
  if (!types.has(family)) throw new Error(`${name} has no type.`);
  return { name, labels: labelsOf(labels), value: Number(number!.replace(/inf/i, 'Infinity')) };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const label = LABEL.exec(text);
    if (!label) throw new Error(`Not labels: ${text}`);
    labels[label[1]!] = label[2]!;
  }
  return labels;
}
