/**
 * Feature banks: built from images or from features, kept in a folder each, and served. Read {@link
 * org.simreg.coordinator.search.bank.Banks} first, then {@code BankBuilder}.
 */
package org.simreg.coordinator.search.bank;
