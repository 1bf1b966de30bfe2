/** What `npm start` prints when everything is up. */
import { printGuide } from '../../dev/guide';
import { parseDefinition } from '../../program/parseDefinition';
import { readSource } from './sources';

export function printedGuide(databaseUrl?: string): string {
  const printed: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
  printGuide({
    apiUrl: 'http://127.0.0.1:8080',
    adminPorts: [8090, 8091],
    temporalUiUrl: 'http://127.0.0.1:8233',
    sandboxUrl: 'http://127.0.0.1:4010',
    logDirectory: '.data/log',
    databaseUrl,
    definition: parseDefinition(JSON.parse(readSource('program/definitions/pps-demo.json'))),
  });
  log.mockRestore();
  return printed.join('\n');
}
