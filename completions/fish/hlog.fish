# fish completion for hlog; made by hlog --completion fish
complete -c hlog -s c -l correlation -x -d 'correlation id, the call\'s Call-ID (this host\'s name)'
complete -c hlog -s i -l id -x -d 'capture id (the record\'s own, or 1)'
complete -c hlog -s k -l key -x -d 'authentication key (--key-file keeps it out of the history)'
complete -c hlog -l key-file -rF -d 'read the key from FILE ($SIPTRACE_KEY_FILE)'
complete -c hlog -s w -l write -rF -d 'write records to FILE instead of standard output'
complete -c hlog -s h -l help -d 'show this help'
complete -c hlog -l version -d 'show the version'
complete -c hlog -l completion -x -a 'bash zsh fish' -d 'print the completion script for bash, zsh or fish'
