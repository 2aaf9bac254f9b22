/**
 * The basic classes that all other packages use: files and hashes ({@code io}), threads and pauses
 * ({@code concurrent}), counter-based random numbers ({@code random}), certificates ({@code tls}).
 * The rooms don't use each other, but for files and threads; read them in any order.
 */
package org.simreg.worker.base;
