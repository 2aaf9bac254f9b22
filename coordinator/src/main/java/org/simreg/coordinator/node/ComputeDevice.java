package org.simreg.coordinator.node;

import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torch.Gpus;
import org.simreg.worker.engine.torch.Torch;

/**
 * The device that a worker computes with, and the numeric profile by which equal ones are known.
 *
 * @param device "cpu" or "cuda:N"
 * @param profile numeric profile; equal ones give equal bits
 */
record ComputeDevice(String device, String profile) {
    /**
     * Finds the device that the settings ask for; loads libtorch, and computes a little.
     *
     * @throws UserError if there is no such device
     */
    static ComputeDevice on(WorkerSettings settings) {
        String device = Gpus.here().place(settings.device()).device();
        try (Torch torch = new Torch(device, settings.threads())) {
            return new ComputeDevice(device, torch.profile());
        }
    }
}
