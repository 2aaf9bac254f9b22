/** One generation on one member: takes the state, runs the loop, halts, hands over. */
package org.simreg.worker.member.generation;
