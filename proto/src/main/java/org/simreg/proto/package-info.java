/** Messages between clients, coordinator and workers, and the rules for a job. */
package org.simreg.proto;
