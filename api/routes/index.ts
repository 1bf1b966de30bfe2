import { apiKeyRoutes } from './apiKeys';
import { attentionRoutes } from './attention';
import { auditRoutes } from './audit';
import { batchRoutes } from './batches';
import { enrollmentReads } from './enrollmentReads';
import { enrollmentRoutes } from './enrollments';
import { erasureRoutes } from './erasures';
import { importRoutes } from './imports';
import { partnerBatchRoutes } from './partnerBatches';
import { partnerWebhookRoutes } from './partnerWebhooks';
import { programRoutes } from './programs';
import type { Route } from './route';
import { webhookSubscriptionRoutes } from './webhookSubscriptions';

export const ROUTES: readonly Route[] = [
  ...enrollmentReads,
  ...enrollmentRoutes,
  ...erasureRoutes,
  ...importRoutes,
  ...partnerBatchRoutes,
  ...batchRoutes,
  ...auditRoutes,
  ...attentionRoutes,
  ...programRoutes,
  ...apiKeyRoutes,
  ...webhookSubscriptionRoutes,
  ...partnerWebhookRoutes,
];
