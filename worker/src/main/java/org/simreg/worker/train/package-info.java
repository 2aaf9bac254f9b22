/**
 * The training of one job on one worker, step after step. Read {@link
 * org.simreg.worker.train.TrainingLoop} first: {@code run} is the loop and {@code step} a step.
 * Then {@code LoadedJob} (what the loop works on) and {@code TeacherInputs} (views and targets of a
 * step), then the rooms below: {@code teacher} (what the student regresses), {@code student} (what
 * is trained), {@code featurestore} (a teacher's features, kept). Loss and gradient are in {@code
 * engine.torchscript}, the mean over members in {@code exchange.reduce}.
 */
package org.simreg.worker.train;
