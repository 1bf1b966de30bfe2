import { attentionRoutes } from './attention';
import { enrollmentRoutes } from './enrollments';
import { programRoutes } from './programs';
import type { Route } from './route';

export const ROUTES: readonly Route[] = [...enrollmentRoutes, ...attentionRoutes, ...programRoutes];
