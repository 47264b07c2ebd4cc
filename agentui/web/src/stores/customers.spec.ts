import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api, ApiError, type CustomerDetail } from '@/api'
import { customers, loadCustomer } from './customers'

const detail = (id: string) => ({ customer: { id, name: 'Sara' }, identities: [] }) as unknown as CustomerDetail

beforeEach(() => customers.clear())

describe('open customers', () => {
  it('who were erased are held no longer, and those who could not be asked for are', async () => {
    const ask = vi.spyOn(api, 'customer')
    ask.mockResolvedValueOnce(detail('a'))
    await loadCustomer('a')
    ask.mockRejectedValueOnce(new ApiError(503, 'unavailable', 'Not now.'))
    await expect(loadCustomer('a')).rejects.toBeInstanceOf(ApiError)
    expect(customers.get('a')?.customer.name).toBe('Sara')
    ask.mockRejectedValueOnce(new ApiError(404, 'not_found', 'There is no such customer.'))
    await expect(loadCustomer('a')).rejects.toBeInstanceOf(ApiError)
    expect(customers.has('a')).toBe(false)
  })
})
