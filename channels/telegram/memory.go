package telegram

import "sync"

// memory is a small map that forgets what was put first. It holds what is only of help: after a restart all works without it.
type memory[K comparable, V any] struct {
	mu   sync.Mutex
	most int
	list []K // in the order they were put
	vals map[K]V
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{most: most, vals: map[K]V{}}
}

func (m *memory[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.vals[k]
	return v, ok
}

func (m *memory[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.vals[k]; !ok {
		if len(m.list) >= m.most {
			delete(m.vals, m.list[0])
			m.list = m.list[1:]
		}
		m.list = append(m.list, k)
	}
	m.vals[k] = v
}

func (m *memory[K, V]) drop(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.vals[k]; !ok {
		return
	}
	delete(m.vals, k)
	for i, have := range m.list {
		if have == k {
			m.list = append(m.list[:i:i], m.list[i+1:]...)
			return
		}
	}
}
