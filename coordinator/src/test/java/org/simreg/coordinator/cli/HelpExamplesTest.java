package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.coordinator.cli.option.StopSignal;
import picocli.CommandLine;

/** The examples in the help of all commands: each is a command line that is understood. */
class HelpExamplesTest {
    @Test
    void everyExampleIsUnderstood() {
        List<String> examples = new ArrayList<>();
        collect(examples);
        assertTrue(examples.size() > 20, examples.toString());
        for (String example : examples) {
            List<String> words = List.of(example.replaceFirst("^simreg ", "")
                    .replaceFirst(" [|>].*", "")
                    .split("\\s+"));
            assertDoesNotThrow(() -> CommandSyntax.check(words), example);
        }
    }

    /** Adds all examples, as they stand. */
    static void collect(List<String> examples) {
        collect(Simreg.commandLine(new GlobalOptions(), Simreg.Actions.real(new StopSignal())), examples);
    }

    private static void collect(CommandLine command, List<String> examples) {
        Arrays.stream(command.getCommandSpec().usageMessage().footer())
                .map(String::strip)
                .filter(line -> line.startsWith("simreg "))
                .forEach(examples::add);
        command.getSubcommands().values().stream().distinct().forEach(inner -> collect(inner, examples));
    }
}
