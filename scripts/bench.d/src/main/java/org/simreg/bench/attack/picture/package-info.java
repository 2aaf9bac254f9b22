/** Attacks by pictures: files that are small and take much memory, work without an end, or are none. */
package org.simreg.bench.attack.picture;
