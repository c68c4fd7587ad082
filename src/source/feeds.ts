// The catalogue of feeds: sources read on the engine's thread. A new one is its file and a line here.
import { followedFilesFeed } from './followed-files.ts'
import { generatedAtRateFeed } from './generated-at-rate.ts'
import { httpFeed } from './http.ts'
import { kafkaFeed } from './kafka.ts'
import { serverEventsFeed, webSocketFeed } from './network-events.ts'
import type { FeedSourceType } from './source.ts'
import { topicFeed } from './topic.ts'
import { userFeed } from './user-source.ts'
import { valuesFeed } from './values.ts'
import { watchedFilesFeed } from './watched-files.ts'

/** Every feed by kind. */
export const feedSourceTypes: readonly FeedSourceType<never>[] = [valuesFeed, userFeed, topicFeed, kafkaFeed, followedFilesFeed, watchedFilesFeed, generatedAtRateFeed, httpFeed, serverEventsFeed, webSocketFeed]
