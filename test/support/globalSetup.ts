/** Starts PostgreSQL and Temporal once for the run, and a migrated database that test files clone. */
import { randomBytes } from 'node:crypto';
import { dropDatabase, prepareDatabase } from '../../dev/database';
import { startScratchServers } from '../../dev/servers';
import type { SharedServers } from './shared';

export default async function setUp(): Promise<void> {
  const servers = await startScratchServers((line) => process.stderr.write(`${line}\n`));
  (globalThis as { stopServers?: () => Promise<void> }).stopServers = async () => {
    await dropDatabase(servers.postgresAdminUrl, templateDatabase);
    await servers.stop();
  };
  process.stderr.write(`\n${servers.description}\n`);
  const templateDatabase = `template_${randomBytes(4).toString('hex')}`;
  await prepareDatabase(servers.postgresAdminUrl, templateDatabase);
  const { postgresAdminUrl, temporalAddress, temporalUiUrl } = servers;
  const shared: SharedServers = { postgresAdminUrl, temporalAddress, temporalUiUrl, templateDatabase };
  process.env['PPS_TEST_SERVERS'] = JSON.stringify(shared);
}
