/**
 * THE LOOP: one job on one worker, step after step. Read {@code TrainingLoop} first, then the rooms
 * below: {@code teacher} (what the student regresses), {@code student} (what is trained), {@code
 * featurestore} (a teacher's features, kept).
 */
package org.simreg.worker.train;
