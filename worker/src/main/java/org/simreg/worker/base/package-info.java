/**
 * The ground that every other wing stands on: files and hashes ({@code io}), threads and pauses
 * ({@code concurrent}), counter-based random numbers ({@code random}), certificates ({@code tls}).
 */
package org.simreg.worker.base;
