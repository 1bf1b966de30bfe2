/** What global setup tells the test files. */
export interface SharedServers {
  postgresAdminUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  /** A migrated database that nobody is connected to. */
  templateDatabase: string;
}

export function sharedServers(): SharedServers {
  const text = process.env['PPS_TEST_SERVERS'];
  if (text === undefined) throw new Error('The servers are started by jest (test/support/globalSetup.ts).');
  return JSON.parse(text) as SharedServers;
}
