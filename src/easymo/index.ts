export {
  checkDuplicate,
  getActiveTrip,
  getCachedProfile,
  getCachedProfileByPhone,
  getWalletBalance,
  invalidateProfileCache,
  type EasymoClient,
} from './preset.ts'
export { clearAllCaches, configureEasymo, getAllCacheStats, resetEasymo, type EasymoOptions } from './state.ts'
export type { Profile, Trip, Wallet } from './tables.ts'
