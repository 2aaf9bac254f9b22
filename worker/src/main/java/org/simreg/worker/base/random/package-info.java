/** Every random draw as a pure function of seed and path. */
package org.simreg.worker.base.random;
