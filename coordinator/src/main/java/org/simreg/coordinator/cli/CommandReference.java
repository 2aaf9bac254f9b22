package org.simreg.coordinator.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.JobField;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The reference of a command and of all below it in Markdown, made from their own options: docs/commands.md carries it. */
final class CommandReference {
    private static final Set<String> SETTINGS = JobField.all().stream()
            .map(JobField::flag)
            .flatMap(Optional::stream)
            .collect(Collectors.toSet());

    private final StringBuilder text = new StringBuilder();

    private CommandReference() {}

    /** Markdown, with a heading for each command that isn't hidden. */
    static String of(CommandSpec command) {
        CommandReference reference = new CommandReference();
        reference.add(command);
        return reference.text.toString();
    }

    private void add(CommandSpec command) {
        line("## " + command.qualifiedName());
        line("");
        line(escaped(String.join(" ", command.usageMessage().description())));
        line("");
        synopsis(command).lines().forEach(one -> line("    " + one.strip()));
        line("");
        arguments(command);
        footer(command);
        ManPage.children(command).forEach(this::add);
    }

    /** Its own, or one that leaves the options to the table. */
    private static String synopsis(CommandSpec command) {
        String[] own = command.usageMessage().customSynopsis();
        if (own.length > 0) {
            return ManPage.plain(String.join("\n", own));
        }
        String parameters = command.positionalParameters().stream()
                .map(parameter ->
                        " " + parameter.paramLabel() + (parameter.arity().isVariable() ? "..." : ""))
                .collect(Collectors.joining());
        return command.qualifiedName() + " [OPTIONS]" + parameters
                + (command.subcommands().isEmpty() ? "" : " COMMAND");
    }

    private static boolean takesJob(CommandSpec command) {
        return command.options().stream().anyMatch(CommandReference::isSetting);
    }

    /** Those of a job stand in groups; others may have the same names. */
    private static boolean isSetting(OptionSpec option) {
        return option.group() != null && SETTINGS.contains(option.longestName());
    }

    private void arguments(CommandSpec command) {
        List<OptionSpec> options = command.options().stream()
                .filter(option -> !option.hidden() && !isSetting(option))
                .filter(option -> command.parent() == null || !isCommon(option))
                .toList();
        if (options.isEmpty() && command.positionalParameters().isEmpty() && !takesJob(command)) {
            return;
        }
        line("| Argument | Meaning |");
        line("| --- | --- |");
        for (PositionalParamSpec parameter : command.positionalParameters()) {
            row(parameter.paramLabel(), parameter);
        }
        for (OptionSpec option : options) {
            String value = option.arity().max() == 0 ? "" : "=" + option.paramLabel();
            row(String.join(", ", option.names()) + value, option);
        }
        if (takesJob(command)) {
            line("| every option of [settings.md](settings.md) | The job's settings |");
        }
        line("");
    }

    /** Those that stand with {@code simreg} itself. */
    private static boolean isCommon(OptionSpec option) {
        return option.inherited() || option.usageHelp() || option.versionHelp();
    }

    private void row(String label, ArgSpec argument) {
        line("| `%s` | %s |".formatted(label.replace("|", "\\|"), escaped(String.join(" ", argument.description()))));
    }

    private void footer(CommandSpec command) {
        String footer = ManPage.plain(String.join("\n", command.usageMessage().footer()))
                .strip();
        if (!footer.isEmpty()) {
            line("```text");
            line(footer);
            line("```");
            line("");
        }
    }

    private static String escaped(String text) {
        return ManPage.plain(text).replace("\n", " ").replaceAll("[|*<]", "\\\\$0");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
